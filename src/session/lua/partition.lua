#!lua flags=allow-oom
-- partition.lua: count one partition: its sessions, its dirty conversations and their unsynced turns.
-- KEYS 1 dirty  2 active: unlike the others, this script has no session of its own
-- ARGV 1 what meta keys of this partition begin with
-- Returns { active sessions, dirty conversations, unsynced turns, ms since the oldest is dirty, or 0 }.
-- The meta keys are built here from the partition's own prefix, so they live in the slot of KEYS.
local now = now_ms()
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local dirty = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local turns = 0
for index = 1, #dirty, 2 do
  local meta = redis.call('HMGET', ARGV[1] .. dirty[index] .. ':meta', 'last', 'synced')
  if meta[1] then turns = turns + meta[1] - meta[2] end
end
local oldest = dirty[2] and math.max(0, now - dirty[2]) or 0
return { redis.call('ZCARD', KEYS[2]), #dirty / 2, turns, oldest }
