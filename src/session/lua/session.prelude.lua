-- Put in front of every script of this folder; see ../scripts.ts.
-- KEYS of every script: 1 meta (hash)  2 turns (list)  3 dirty (sorted set)  4 active (sorted set)
local MISSING, STALE, CHANGED, FOREIGN, DIRTY = -1, -2, -3, -4, -5

-- The session's meta, or nil. Eviction takes one key of the pair at a time, so a session whose list does
-- not have the length that its meta promises is only half there, and treated as absent.
local function read_session()
  local meta = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'base', 'last', 'synced', 'created_at')
  if not meta[4] then return nil end
  local session = {
    owner = meta[1], epoch = meta[2], base = tonumber(meta[3]),
    last = tonumber(meta[4]), synced = tonumber(meta[5]), created_at = meta[6],
  }
  if redis.call('LLEN', KEYS[2]) ~= session.last - session.base then return nil end
  return session
end

-- The session that this caller may use and this server vouches for, or nil and the reply that says why not.
local function trusted_session(owner, epoch)
  local session = read_session()
  if not session then return nil, MISSING end
  if session.owner ~= owner then return nil, FOREIGN end
  if session.epoch ~= epoch then return nil, STALE end
  return session
end

-- The data keys of its turns, its title and the key of that; '' for what it does not have.
local function kept_with_turns()
  local kept = redis.call('HMGET', KEYS[1], 'data_key', 'title', 'key_id')
  return kept[1] or '', kept[2] or '', kept[3] or ''
end

-- To the session's keyring, unless it has that key already: perhaps wrapped anew.
local function add_data_key(entry)
  if entry == '' then return end
  local keyring = redis.call('HGET', KEYS[1], 'data_key')
  local key_id = string.match(entry, '^[^:]+:')
  if keyring and string.find(',' .. keyring, ',' .. key_id, 1, true) then return end
  redis.call('HSET', KEYS[1], 'data_key', keyring and (keyring .. ',' .. entry) or entry)
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Both keys live exactly as long, and active knows until when.
local function expire_session(id, ttl_seconds)
  local now = now_ms()
  redis.call('EXPIRE', KEYS[1], ttl_seconds)
  redis.call('EXPIRE', KEYS[2], ttl_seconds)
  redis.call('ZADD', KEYS[4], now + ttl_seconds * 1000, id)
  -- Nobody else takes the expired ones off the list where no one counts them.
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
end

local function remove_session(id)
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
end

-- Whoever wants the session next has to discard it first, and has the archive fill it anew.
local function distrust(id, session)
  if session.synced == session.last then
    remove_session(id)
  else
    redis.call('HSET', KEYS[1], 'epoch', '')
  end
end

-- Whether the user has erased this conversation a moment ago: then whoever still holds its turns must not bring it back.
local function is_erased()
  return redis.call('HEXISTS', KEYS[1], 'erased') == 1
end

-- Drops the oldest turns above the limit, but none that the archive may not have yet.
local function trim(session, keep)
  local drop = math.min(session.last - session.base - keep, session.synced - session.base)
  if drop > 0 then
    redis.call('LTRIM', KEYS[2], drop, -1)
    redis.call('HINCRBY', KEYS[1], 'base', drop)
  end
end
