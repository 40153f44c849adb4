#!lua flags=no-writes
-- unsynced.lua: the oldest turns that the archive may not have yet, whatever the session's epoch.
-- ARGV 1 most turns  2 most bytes (one turn is given however large it is)  3 only those above this seq, or 0
-- Returns { synced, last, owner, created at, turns, oldest first, keyring, title, its key }, or MISSING.
local session = read_session()
if not session then return MISSING end
local first = math.max(session.synced, tonumber(ARGV[3])) - session.base
local turns, bytes = {}, 0
for index = first, math.min(first + ARGV[1], session.last - session.base) - 1 do
  local turn = redis.call('LINDEX', KEYS[2], index)
  bytes = bytes + #turn
  if #turns > 0 and bytes > tonumber(ARGV[2]) then break end
  turns[#turns + 1] = turn
end
return { session.synced, session.last, session.owner, session.created_at, turns, kept_with_turns() }
