#!lua flags=allow-oom
-- forget-claim.lua: free an idempotency key, as the turn that it stands for is erased.
-- KEYS 1 claim (hash)
-- ARGV 1 conversation id
-- Returns 1, or 0 when the key stands for a turn of another conversation.
if redis.call('HGET', KEYS[1], 'conversation') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
