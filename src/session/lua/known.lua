#!lua flags=no-writes
-- known.lua: the conversations of a partition, without a look at their keys.
-- KEYS 1 dirty  2 active
-- Returns their ids.
local ids, seen = redis.call('ZRANGE', KEYS[2], 0, -1), {}
for _, id in ipairs(ids) do seen[id] = true end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if not seen[id] then ids[#ids + 1] = id end
end
return ids
