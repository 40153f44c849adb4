#!lua flags=allow-oom
-- erase.lua: remove a session whatever it holds: the user, or the archive's tombstone, said so.
-- ARGV 1 conversation id  2 seconds for which nobody may fill it again
-- Returns 1.
remove_session(ARGV[1])
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
