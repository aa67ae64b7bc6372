"""The Lua scripts of calls that cost money; each step is atomic.

A call is a hash: by (the process that makes it), amount (reserved) and scopes (the budgets' keys,
as JSON); once it was sent also sent (its least cost) and record (for the ledger, as JSON); once it
has ended, cost. Amounts are nanodollars.
"""

from __future__ import annotations

# KEYS: the open calls (sorted set by expiry), the new call, then the scopes.
# ARGV: expiry, id, amount, process, then for each scope its limit (-1: none) and seconds to live.
RESERVE = """
local amount, scopes = tonumber(ARGV[3]), {}
for place = 3, #KEYS do
  local limit = tonumber(ARGV[2 * place - 1])
  local figures = redis.call('HMGET', KEYS[place], 'spent', 'reserved')
  local spent, reserved = tonumber(figures[1]) or 0, tonumber(figures[2]) or 0
  if limit >= 0 and spent + reserved + amount > limit then
    return {place - 3, spent, reserved}
  end
end
for place = 3, #KEYS do
  redis.call('HINCRBY', KEYS[place], 'reserved', amount)
  redis.call('EXPIRE', KEYS[place], ARGV[2 * place])
  scopes[#scopes + 1] = KEYS[place]
end
redis.call('HSET', KEYS[2], 'by', ARGV[4], 'amount', amount, 'scopes', cjson.encode(scopes))
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
return {-1, 0, 0}
"""

# KEYS: the open calls, the call. ARGV: expiry, id, process, what it costs at least, record.
SENT = """
redis.call('HSET', KEYS[2], 'by', ARGV[3], 'sent', ARGV[4], 'record', ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
return 1
"""

_MOVE = """
local function move(cost)
  local held = redis.call('HMGET', KEYS[2], 'amount', 'scopes', 'cost')
  local amount, before = tonumber(held[1]) or 0, tonumber(held[3]) or 0
  for _, scope in ipairs(held[2] and cjson.decode(held[2]) or {}) do
    redis.call('HINCRBY', scope, 'reserved', 0 - amount)  -- and not -0, which is no integer
    redis.call('HINCRBY', scope, 'spent', cost - before)
  end
  redis.call('HDEL', KEYS[2], 'amount')
end
"""

# Counts the cost in place of the reservation, or of the estimate that another process counted
# because it took this process for dead. Without a record the call is forgotten; with one it waits
# for the ledger.
# KEYS: the open calls, the call. ARGV: expiry, id, process, cost, record ('' for none).
SETTLE = (
    _MOVE
    + """
local there = redis.call('EXISTS', KEYS[2]) == 1
if there then move(tonumber(ARGV[4])) end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], 'by', ARGV[3], 'cost', ARGV[4], 'record', ARGV[5])
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
elseif there then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], ARGV[2])
end
return 1
"""
)

# Settles a call whose process is dead: a call that was not sent costs nothing, else its least cost.
# KEYS: the open calls, the call. ARGV: id, process as it was seen.
# Returns the record that the ledger lacks; empty where there is none, or where a process has taken
# the call up again.
TAKE = (
    _MOVE
    + """
if (redis.call('HGET', KEYS[2], 'by') or '') ~= ARGV[2] then return '' end
local held = redis.call('HMGET', KEYS[2], 'sent', 'record', 'cost')
if not held[3] then move(tonumber(held[1]) or 0) end
if not held[2] then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], ARGV[1])
  return ''
end
redis.call('HSET', KEYS[2], 'by', '', 'cost', held[3] or held[1] or 0)
return held[2]
"""
)

# Returns calls that may have to be settled, among the first to expire: those of another process,
# and expired ones, as id, process, and 1 where it has expired.
# KEYS: the open calls. ARGV: now, this process.
DOUBTFUL = """
local found = {}
local rows = redis.call('ZRANGE', KEYS[1], 0, 499, 'WITHSCORES')
for at = 1, #rows, 2 do
  local by = redis.call('HGET', KEYS[1] .. ':' .. rows[at], 'by') or ''
  local expired = tonumber(rows[at + 1]) < tonumber(ARGV[1])
  if expired or by ~= ARGV[2] then found[#found + 1] = {rows[at], by, expired and 1 or 0} end
end
return found
"""
