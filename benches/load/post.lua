-- Sends the events of the file DATA in turn, EVENTS_PER_REQUEST in each request.

local events_per_request = tonumber(os.getenv("EVENTS_PER_REQUEST") or "1")
local bodies, lines = {}, {}

for line in io.lines(os.getenv("DATA")) do
   lines[#lines + 1] = line
   if #lines == events_per_request then
      bodies[#bodies + 1] = table.concat(lines, "\n")
      lines = {}
   end
end

local content_type = events_per_request == 1 and "application/json" or "application/x-ndjson"
local requests, turn = {}, 0

function init()
   local headers = { ["Content-Type"] = content_type }
   for index, body in ipairs(bodies) do
      requests[index] = wrk.format("POST", nil, headers, body)
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end
