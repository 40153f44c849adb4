#!lua flags=allow-oom
-- acknowledge.lua: raise the high-water mark to a turn that is committed in Postgres; trim what may go.
-- ARGV 1 conversation id  2 seq  3 turn id at that seq  4 TTL in seconds  5 most turns to keep
--      6 '1' when Postgres counts otherwise: then nobody trusts the session any more, for the archive to fill it anew
-- Returns the lag that is left (>= 0), or MISSING, or CHANGED when another turn stands at that seq.
-- Allowed when memory is full: this is what makes sessions evictable and lists shorter.
local session = read_session()
if not session then return MISSING end
local seq, turn_id = tonumber(ARGV[2]), ARGV[3]
local at_seq = seq > session.base and redis.call('LINDEX', KEYS[2], seq - session.base - 1)
if not at_seq or string.sub(at_seq, 1, #turn_id) ~= turn_id then return CHANGED end

if seq > session.synced then
  session.synced = seq
  redis.call('HSET', KEYS[1], 'synced', seq)
  trim(session, tonumber(ARGV[5]))
end
if session.synced == session.last and redis.call('ZREM', KEYS[3], ARGV[1]) == 1 then
  expire_session(ARGV[1], tonumber(ARGV[4]))
end
if ARGV[6] == '1' then distrust(ARGV[1], session) end
return session.last - session.synced
