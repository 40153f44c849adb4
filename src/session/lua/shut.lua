#!lua
-- shut.lua: keep an absent session away for as long as its conversation is being erased for its age.
-- ARGV 1 conversation id  2 seconds  3 token of who shuts it
-- Returns 1, also where it is shut by that token already, and then anew for so long; or DIRTY when there is a session,
-- or half of one, or somebody else is about to fill it, or has shut it, or has erased it.
-- Whoever comes meanwhile is served by the archive, whose row lock decides who was first.
local token = redis.call('HGET', KEYS[1], 'erased')
if token ~= ARGV[3] and redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return DIRTY end
redis.call('HSET', KEYS[1], 'erased', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
