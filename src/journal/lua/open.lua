#!lua
-- open.lua: begin the journal of an answer, over one that an earlier try with the same turn id has left.
-- KEYS 1 answers  2 head  3 events  4 meta of the session
-- ARGV 1 member  2 holder  3 ms until it counts as dead  4 ms until it is forgotten  5 owner  6 keyring  7 contents
-- Returns ALIVE, or TAKEN when the conversation was erased a moment ago: nothing may be written of it. One that is only
-- shut while somebody looks whether to erase it for its age (shut.lua of the sessions) has another mark than '1'.
if redis.call('HGET', KEYS[4], 'erased') == '1' then return TAKEN end
local now = now_ms()
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('HSET', KEYS[2], 'holder', ARGV[2], 'started', now, 'owner', ARGV[5], 'keyring', ARGV[6], 'contents', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return ALIVE
