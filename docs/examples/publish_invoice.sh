#!/bin/sh
# Publish one invoice by RabbitMQ's management API, where no AMQP library is at hand. For tries and single events: it is
# slow, and the user needs the tag `management`.
#
#   MANAGEMENT_URL=https://rabbitmq.example:15671 VHOST=%2F LOGIN=halosync_invoices:PASSWORD sh publish_invoice.sh invoice.json
set -eu
python3 - "$1" <<'PYTHON' |
import base64, json, sys
body = base64.b64encode(open(sys.argv[1], "rb").read()).decode()
properties = {"delivery_mode": 2, "type": "invoice.ready.v1", "content_type": "application/json"}
print(json.dumps({"routing_key": "invoice.ready.v1", "properties": properties, "payload": body, "payload_encoding": "base64"}))
PYTHON
curl --silent --show-error --fail --user "$LOGIN" --header "Content-Type: application/json" --data @- \
    "$MANAGEMENT_URL/api/exchanges/$VHOST/converge.invoices/publish" | grep -q '"routed":true'
echo "RabbitMQ keeps it."
