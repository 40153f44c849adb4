#!lua flags=no-writes
-- find.lua: one turn of a session, however many came after it.
-- ARGV 1 conversation id  2 owner  3 epoch  4 turn id
-- Returns { seq, turn, keyring }, { } when the session has no such turn, or MISSING, STALE, FOREIGN.
local session, refusal = trusted_session(ARGV[2], ARGV[3])
if not session then return refusal end
for index, turn in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if string.sub(turn, 1, #ARGV[4]) == ARGV[4] then return { session.base + index, turn, (kept_with_turns()) } end
end
return {}
