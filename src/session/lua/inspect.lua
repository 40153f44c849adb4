#!lua flags=no-writes
-- inspect.lua: everything about a session that the invariants speak of, as it is at one instant.
-- ARGV 1 conversation id
-- Returns MISSING when neither key is there, or { owner, base, last, synced, length of the list, TTL of meta (-1 none),
--         TTL of turns, 1 when dirty, ids of its turns, oldest first }; half a session shows as it is.
local meta = redis.call('HMGET', KEYS[1], 'owner', 'base', 'last', 'synced')
local turns = redis.call('LRANGE', KEYS[2], 0, -1)
if not meta[3] and #turns == 0 then return MISSING end
local ids = {}
for index, turn in ipairs(turns) do ids[index] = string.sub(turn, 1, 36) end
return { meta[1] or '', tonumber(meta[2] or -1), tonumber(meta[3] or -1), tonumber(meta[4] or -1), #turns,
  redis.call('TTL', KEYS[1]), redis.call('TTL', KEYS[2]), redis.call('ZSCORE', KEYS[3], ARGV[1]) and 1 or 0, ids }
