#!lua flags=no-writes
-- keyring.lua: the wrapped data keys of a session, whole or not.
-- ARGV 1 conversation id
-- Returns { keyring, or '' }.
return { redis.call('HGET', KEYS[1], 'data_key') or '' }
