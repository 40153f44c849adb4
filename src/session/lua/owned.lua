#!lua flags=no-writes
-- owned.lua: some of a partition's conversations, those of them that belong to this owner.
-- KEYS 1 dirty or active: unlike the others, this script has no session of its own
-- ARGV 1 what meta keys of this partition begin with  2 owner  3 cursor, 0 to begin  4 how many to look at
-- Returns { cursor to go on with, or '0' at the end, { id, created at (ms), last seq, of each } }.
-- A scan, since a large partition must not hold up the server; what is there all the while is found.
-- The meta keys are built here from the partition's own prefix, so they live in the slot of KEYS.
local page = redis.call('ZSCAN', KEYS[1], ARGV[3], 'COUNT', ARGV[4])
local owned = {}
for index = 1, #page[2], 2 do
  local id = page[2][index]
  local meta = redis.call('HMGET', ARGV[1] .. id .. ':meta', 'owner', 'created_at', 'last')
  if meta[1] == ARGV[2] then
    owned[#owned + 1] = id
    owned[#owned + 1] = meta[2]
    owned[#owned + 1] = tonumber(meta[3])
  end
end
return { page[1], owned }
