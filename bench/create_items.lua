-- Creates an item with a new name in each request; wrk's arguments begin with the names' prefix.
local number = 0
local prefix = ""

function init(arguments)
  prefix = arguments[1]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  number = number + 1
  return wrk.format(nil, nil, nil, '{"name": "' .. prefix .. number .. '"}')
end
