#!lua flags=allow-oom
-- erase.lua: remove a session whatever it holds: the user, or the archive's tombstone, said so.
-- ARGV 1 conversation id  2 seconds for which nobody may fill it again  3 seq above which its turns are given back, or ''
-- Returns { 1 when there was one, its turns above that seq, oldest first }.
local existed = redis.call('EXISTS', KEYS[2])
local session = ARGV[3] ~= '' and read_session()
local turns = session and redis.call('LRANGE', KEYS[2], math.max(0, ARGV[3] - session.base), -1) or {}
remove_session(ARGV[1])
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return { existed, turns }
