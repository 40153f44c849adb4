#!lua flags=allow-oom
-- claim.lua: take, or prolong, the lease of a partition that has something to flush.
-- KEYS 1 dirty  2 lease
-- ARGV 1 token of the claimant  2 lease in ms  3 most conversations
-- Returns the ids that have been dirty longest; none when nothing is dirty or somebody else is at it.
local ids = redis.call('ZRANGE', KEYS[1], 0, ARGV[3] - 1)
if #ids == 0 then return ids end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return {} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return ids
