# reunion-carrier: shares no code with the gateway.
