#!lua
-- recall.lua: the newest turns of a session; what is clean lives another TTL.
-- ARGV 1 conversation id  2 owner  3 epoch  4 most turns  5 TTL in seconds
-- Returns { last, synced, created at, turns, oldest first, keyring, title, its key }, or MISSING, STALE, FOREIGN.
local session, refusal = trusted_session(ARGV[2], ARGV[3])
if not session then return refusal end
if session.synced == session.last then expire_session(ARGV[1], tonumber(ARGV[5])) end
return { session.last, session.synced, session.created_at, redis.call('LRANGE', KEYS[2], -ARGV[4], -1),
  kept_with_turns() }
