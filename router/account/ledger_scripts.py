"""The Lua scripts of the ledger; each step is atomic."""

from __future__ import annotations

# The client computes the digests, as Redis has no SHA-256: it names the head that it started from,
# and gets the present one where that differs.
# KEYS: stream, head, the open calls, a value and a text beside the records, then the calls that are
# closed by these records.
# ARGV: seq and digest started from, milliseconds to live, the oldest time that is kept, key and MAC
# of an anchor at that head, 1 where nothing is written unless the calls are open, the value beside
# as it was read and as it becomes (empty: there is none), the text beside (empty: it stays), the
# milliseconds that both live, then the six values of each record.
APPEND = """
if ARGV[9] ~= '' and (redis.call('GET', KEYS[4]) or '') ~= ARGV[8] then
  return {3, ARGV[1], ARGV[2], ''}
end
for place = 6, #KEYS do
  if ARGV[7] == '1' and redis.call('EXISTS', KEYS[place]) == 0 then
    return {2, ARGV[1], ARGV[2], ''}
  end
end
-- An error in its own words, as outside a script.
local function refused(reply)
  return redis.error_reply((string.gsub(reply.err, '^@%S+ %d+: %-?', '')))
end
local count = redis.pcall('XLEN', KEYS[1])
if type(count) == 'table' then return refused(count) end
local function usable(seq, digest)
  return seq and digest and #seq < 16 and string.match(seq, '^[1-9]%d*$') and #digest == 64
end
local head = redis.call('HMGET', KEYS[2], 'seq', 'digest', 'id')
if not usable(head[1], head[2]) then
  -- Lost, or there never was one: the latest link of the stream stands in for it.
  head = {}
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 100)) do
    local fields = entry[2]
    if fields[3] == 'seq' and fields[7] == 'digest' and usable(fields[4], fields[8]) then
      head = {fields[4], fields[8], entry[1]}
      break
    end
  end
end
local seq, digest, id = head[1] or '0', head[2] or '', head[3] or '0-0'
if seq ~= ARGV[1] or (digest ~= ARGV[2] and seq ~= '0') then return {0, seq, digest, id} end
local written = tonumber(string.match(id, '^%d+')) or 0
if seq ~= '0' and written < tonumber(ARGV[4]) and count == 0 then
  redis.call('HSET', KEYS[2], 'anchor_seq', seq, 'anchor_digest', digest, 'anchor_id', id,
    'anchor_key', ARGV[5], 'anchor_mac', ARGV[6])
end
for at = 12, #ARGV, 6 do
  id = redis.pcall('XADD', KEYS[1], '*', 'record', ARGV[at], 'seq', ARGV[at + 1],
    'prev', ARGV[at + 2], 'digest', ARGV[at + 3], 'key', ARGV[at + 4], 'mac', ARGV[at + 5])
  if type(id) == 'table' and id.err then return refused(id) end
end
-- A little longer than the retention: no clock may find the stream gone before its time.
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('HSET', KEYS[2], 'seq', ARGV[#ARGV - 4], 'digest', ARGV[#ARGV - 2], 'id', id)
if ARGV[9] ~= '' then redis.call('SET', KEYS[4], ARGV[9], 'PX', ARGV[11]) end
if ARGV[10] ~= '' then redis.call('SET', KEYS[5], ARGV[10], 'PX', ARGV[11]) end
for place = 6, #KEYS do
  redis.call('DEL', KEYS[place])
  redis.call('ZREM', KEYS[3], string.sub(KEYS[place], #KEYS[3] + 2))
end
return {1, ARGV[#ARGV - 4], ARGV[#ARGV - 2], id}
"""

# KEYS: stream, head. ARGV: the oldest id that is kept, then where the kept chain begins: seq,
# digest, id, key and MAC; an empty seq where nothing of the chain is dropped.
TRIM = """
if ARGV[2] ~= '' then
  local anchor = tonumber(redis.call('HGET', KEYS[2], 'anchor_seq') or '0') or 0
  if tonumber(ARGV[2]) > anchor then
    redis.call('HSET', KEYS[2], 'anchor_seq', ARGV[2], 'anchor_digest', ARGV[3],
      'anchor_id', ARGV[4], 'anchor_key', ARGV[5], 'anchor_mac', ARGV[6])
  end
end
return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1])
"""

# One string is read by the client ten times as fast as a list of lists.
PAGE_OF_ENTRIES = """
return cjson.encode(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2]))
"""
