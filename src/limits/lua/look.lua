#!lua flags=no-writes
-- look.lua: the requests of a caller in the current window, without counting one.
-- KEYS 1 window
-- Returns { requests in this window, ms until it ends, negative without one }.
return { tonumber(redis.call('GET', KEYS[1]) or 0), redis.call('PTTL', KEYS[1]) }
