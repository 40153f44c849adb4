#!lua flags=allow-oom
-- release.lua: give a lease back, if it is still ours.
-- KEYS 1 lease
-- ARGV 1 token of the claimant
-- Returns 1 when it was.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
