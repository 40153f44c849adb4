#!lua flags=allow-oom
-- rewrap.lua: put another keyring in the place of the one that was read.
-- ARGV 1 conversation id  2 keyring that was read  3 keyring
-- Returns 1, or CHANGED when the session has got a key, or has gone, since.
if redis.call('HGET', KEYS[1], 'data_key') ~= ARGV[2] then return CHANGED end
redis.call('HSET', KEYS[1], 'data_key', ARGV[3])
return 1
