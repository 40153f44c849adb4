#!lua
-- append.lua: add one turn to the end of a session, and mark it dirty.
-- ARGV 1 conversation id  2 owner  3 epoch  4 turn id  5 turn (which begins with its id)  6 last seq that the caller expects, or ''
--      7 created at (ms) to create an absent session, or ''  8 '1' when an earlier try may have gone through
--      9 '' with an archive behind; else the TTL in seconds  10 most turns to keep, without an archive
--      11 keyring entry of the data key that sealed the turn, or ''  12 title of a session that is created, or ''
--      13 id of the data key that sealed the title, or ''
-- Returns { the turn's seq, id of the turn before it or '' }, or MISSING, STALE, CHANGED, FOREIGN.
-- Without an archive, a turn that brings the conversation back counts as a change of it, see change.lua.
-- The shebang lets Redis refuse the whole script before its first write when memory is full.

local id, turn_id, turn, expected, created_at = ARGV[1], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local session, refusal = trusted_session(ARGV[2], ARGV[3])

if not session then
  if refusal ~= MISSING or created_at == '' or is_erased() then return refusal end
  remove_session(id)
  session = { base = 0, last = 0, synced = 0 }
  redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'epoch', ARGV[3], 'created_at', created_at,
    'base', 0, 'last', 0, 'synced', 0)
  if ARGV[12] ~= '' then redis.call('HSET', KEYS[1], 'title', ARGV[12], 'key_id', ARGV[13]) end
end

if ARGV[8] == '1' then
  local before = ''
  for index, present in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    local present_id = string.sub(present, 1, #turn_id)
    if present_id == turn_id then return { session.base + index, before } end
    before = present_id
  end
end
if expected ~= '' and tonumber(expected) ~= session.last then return CHANGED end

local newest = redis.call('LINDEX', KEYS[2], -1)
local before = newest and string.sub(newest, 1, #turn_id) or ''
redis.call('RPUSH', KEYS[2], turn)
session.last = redis.call('HINCRBY', KEYS[1], 'last', 1)
add_data_key(ARGV[11])

if ARGV[9] == '' then
  redis.call('ZADD', KEYS[3], 'NX', now_ms(), id)
  redis.call('ZADD', KEYS[4], '+inf', id)
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
else
  -- What goes on is not put away any more: who had read it so must not say so again.
  if redis.call('HDEL', KEYS[1], 'is_archived') == 1 then redis.call('HINCRBY', KEYS[1], 'changes', 1) end
  session.synced = session.last
  redis.call('HSET', KEYS[1], 'synced', session.synced)
  trim(session, tonumber(ARGV[10]))
  expire_session(id, tonumber(ARGV[9]))
end
return { session.last, before }
