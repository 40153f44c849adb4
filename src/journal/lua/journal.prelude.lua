-- Put in front of every script of this folder; see ../scripts.ts.
-- answers (sorted set of a partition): "<conversation id>:<turn id>" -> ms (Redis TIME) at which its holder counts as dead,
-- or at which an ended one is forgotten
-- head (hash): holder, started, owner, keyring, contents; later stop, taken, ended
-- events (stream): entries with one field, each some events
local ABSENT, TAKEN, ALIVE, STOP = -1, 0, 1, 2

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Whether this holder still has the answer: nil, or the reply that says why not.
local function lost(head, holder)
  if not head[1] then return ABSENT end
  if head[1] ~= holder or head[2] then return TAKEN end
  return nil
end
