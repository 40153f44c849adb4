#!lua flags=allow-oom
-- end-claim.lua: say what became of a claim.
-- KEYS 1 claim (hash)
-- ARGV 1 turn id of the claim  2 'answered', 'failed' (the key is free) or 'unknown' (a retry may resume it)
-- Returns 1, or 0 when the key has gone to another claim.
if redis.call('HGET', KEYS[1], 'turn') ~= ARGV[1] then return 0 end
-- A claimant that was given up for dead may be late with its failure: what another has answered stays so.
if ARGV[2] ~= 'answered' and redis.call('HGET', KEYS[1], 'answered') == '1' then return 0 end
if ARGV[2] == 'answered' then redis.call('HSET', KEYS[1], 'answered', '1') end
if ARGV[2] == 'unknown' then redis.call('HSET', KEYS[1], 'lapses', 0) end
if ARGV[2] == 'failed' then redis.call('DEL', KEYS[1]) end
return 1
