#!lua flags=no-writes
-- erasure-mark.lua: whether a user has erased everything a moment ago.
-- KEYS 1 erasure mark (string)
-- Returns { the mark }, or { }.
return { redis.call('GET', KEYS[1]) or nil }
