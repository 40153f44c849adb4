#!lua
-- change.lua: replace what the user says of a conversation, where no archive keeps it.
-- ARGV 1 conversation id  2 owner  3 epoch
--      4 title  5 its key  6 metadata  7 '1' when archived: as they were read, '' for what there is not
--      8 title  9 its key  10 metadata  11 '1' when archived  12 keyring entry of that key, or ''
-- Returns 1, or CHANGED when it was described otherwise since, or MISSING, STALE, FOREIGN.
local session, refusal = trusted_session(ARGV[2], ARGV[3])
if not session then return refusal end
local fields = { 'title', 'key_id', 'metadata', 'is_archived' }
local present = redis.call('HMGET', KEYS[1], unpack(fields))
for index = 1, #fields do
  if (present[index] or '') ~= ARGV[3 + index] then return CHANGED end
end
for index, field in ipairs(fields) do redis.call('HSET', KEYS[1], field, ARGV[7 + index]) end
add_data_key(ARGV[12])
return 1
