#!lua flags=allow-oom
-- reopen.lua: the conversation was not erased after all.
-- ARGV 1 conversation id  2 token of who has shut it
-- Returns 1.
if redis.call('HGET', KEYS[1], 'erased') == ARGV[2] then remove_session(ARGV[1]) end
return 1
