#!lua
-- shut.lua: keep an absent session away for as long as its conversation is being erased for its age.
-- ARGV 1 conversation id  2 seconds
-- Returns 1, or DIRTY when there is a session, or somebody is about to fill one.
-- Whoever comes meanwhile is served by the archive, whose row lock decides who was first.
if read_session() or redis.call('EXISTS', KEYS[1]) == 1 then return DIRTY end
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
