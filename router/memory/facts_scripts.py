"""The Lua scripts of facts: each step happens as a whole, whoever else is writing.

Three indices, under the same KEYS in each script:
  cards   hash: a fact's member, what it weighs: `tokens label id held`; held: the strictest label
          that its key had since it was last free, as what is made of a fact may be made of what
          the key held a moment ago. Two more fields, with a space that no member has: ` tokens`,
          the sum of all; ` uses`, a counter of reads and writes.
  used    sorted set of members by that counter, private ones after all others: the first makes
          room first.
  expiry  sorted set of members by expiry, epoch milliseconds of the server's clock; inf is never.
ARGV[1] and a member are the key of a fact itself, which Redis expires. The indices expire a second
after the last fact, so that none outlives them, and nothing stays behind if nobody comes back.

Everything about a fact is reached through the indices: one that is not in them is never shown.
"""

from __future__ import annotations

_COMMON = """
local PRIVATE = 4503599627370496  -- 2^52; the counter stays below it, so sums are exact
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function remove(member)
  local card = redis.call('HGET', KEYS[1], member)
  if card then
    redis.call('HINCRBY', KEYS[1], ' tokens', '-' .. string.match(card, '^%d+'))
    redis.call('HDEL', KEYS[1], member)
  end
  redis.call('ZREM', KEYS[2], member)
  redis.call('ZREM', KEYS[3], member)
  return redis.call('DEL', ARGV[1] .. member)
end

local function sweep()
  while true do
    local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 500)
    if #gone == 0 then return end
    for _, member in ipairs(gone) do remove(member) end
  end
end

local function use(member, label)
  local score = redis.call('HINCRBY', KEYS[1], ' uses', 1)
  if label == 'local_only' then score = score + PRIVATE end
  redis.call('ZADD', KEYS[2], string.format('%.0f', score), member)
end

local function expire_indices()
  local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
  for _, index in ipairs(KEYS) do
    if #last == 0 then redis.call('DEL', index)
    elseif last[2] == 'inf' then redis.call('PERSIST', index)
    else redis.call('PEXPIREAT', index, string.format('%.0f', last[2] + 1000)) end
  end
end
"""

# ARGV: prefix, member, tokens, label, id, milliseconds to live ('' for ever), bound, the strictest
# label that the store may be given, the fact in JSON behind its label, then the members that it is
# made from: it has the strictest label of theirs and its own, and one that is gone counts as
# local_only. Answers the label, and how many facts made room; with -1 nothing was written.
PUT = (
    _COMMON
    + """
local STRICTNESS = {public = 0, internal = 1, local_only = 2}
local function strictest(one, other)
  if not STRICTNESS[other] then return 'local_only' end
  return STRICTNESS[other] > STRICTNESS[one] and other or one
end
local function held(member)
  local card = redis.call('HGET', KEYS[1], member)
  if not card then return nil end
  local label, before = string.match(card, '^%d+ (%S+) %S+ ?(%S*)$')
  if not label then return 'local_only' end
  return strictest(strictest('public', label), before ~= '' and before or 'public')
end
sweep()
local label = ARGV[4]
for at = 10, #ARGV do label = strictest(label, held(ARGV[at]) or 'local_only') end
if STRICTNESS[label] > STRICTNESS[ARGV[8]] then return {label, -1} end
local before = strictest(label, held(ARGV[2]) or 'public')
remove(ARGV[2])
local displaced = 0
local room = tonumber(ARGV[7]) - tonumber(ARGV[3])
while tonumber(redis.call('HGET', KEYS[1], ' tokens') or 0) > room do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)
  if #oldest == 0 then break end
  remove(oldest[1])
  displaced = displaced + 1
end
redis.call('SET', ARGV[1] .. ARGV[2], '{"label":"' .. label .. '",' .. ARGV[9])
local expires = '+inf'
if ARGV[6] ~= '' then
  expires = string.format('%.0f', now + tonumber(ARGV[6]))
  redis.call('PEXPIREAT', ARGV[1] .. ARGV[2], expires)
end
redis.call('HSET', KEYS[1], ARGV[2],
  table.concat({ARGV[3], label, ARGV[5], before}, ' '))
redis.call('HINCRBY', KEYS[1], ' tokens', ARGV[3])
redis.call('ZADD', KEYS[3], expires, ARGV[2])
use(ARGV[2], label)
expire_indices()
return {label, displaced}
"""
)

# ARGV: prefix, members. Answers each fact, or nil; those that are there have been used now.
USE = (
    _COMMON
    + """
local found = {}
for at = 2, #ARGV do
  local card = redis.call('HGET', KEYS[1], ARGV[at])
  found[at - 1] = card and redis.call('GET', ARGV[1] .. ARGV[at])
  if found[at - 1] then use(ARGV[at], string.match(card, '^%d+ (%S+)'))
  else remove(ARGV[at]) end
end
expire_indices()
return found
"""
)

# ARGV: prefix. Answers all members and cards, alternating, and the counters among them.
SURVEY = (
    _COMMON
    + """
sweep()
expire_indices()
return redis.call('HGETALL', KEYS[1])
"""
)

# ARGV: prefix, then members and ids, alternating. A fact written anew since has another id, and
# stays; `*` is any. Answers how many were there.
REMOVE = (
    _COMMON
    + """
local count = 0
for at = 2, #ARGV, 2 do
  local card = redis.call('HGET', KEYS[1], ARGV[at])
  if card and (ARGV[at + 1] == '*' or string.match(card, '^%d+ %S+ (%S+)') == ARGV[at + 1]) then
    count = count + remove(ARGV[at])
  end
end
expire_indices()
return count
"""
)
