#!lua
-- change.lua: replace what the user says of a conversation, where no archive keeps it.
-- ARGV 1 conversation id  2 owner  3 epoch  4 how often it had been changed when it was read
--      5 title  6 its key  7 metadata  8 '1' when archived: '' for what there is not
--      9 keyring entry of the data key that sealed it, or ''
-- Returns 1, or CHANGED when it was changed since, or brought back by a turn, or MISSING, STALE, FOREIGN.
local session, refusal = trusted_session(ARGV[2], ARGV[3])
if not session then return refusal end
if (redis.call('HGET', KEYS[1], 'changes') or '0') ~= ARGV[4] then return CHANGED end
redis.call('HSET', KEYS[1], 'title', ARGV[5], 'key_id', ARGV[6], 'metadata', ARGV[7], 'is_archived', ARGV[8])
redis.call('HINCRBY', KEYS[1], 'changes', 1)
add_data_key(ARGV[9])
return 1
