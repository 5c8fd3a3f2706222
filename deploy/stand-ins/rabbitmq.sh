#!/bin/sh
# What the composition uses of RabbitMQ's image: it becomes the user of its volume, and keeps its cookie there.
set -eu
if [ "$(id -u)" = 0 ]; then
  chown rabbitmq:rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups env HOME=/var/lib/rabbitmq "$0" "$@"
fi
# Debian's scripts insist on being called in their own way; these are the ones behind them.
PATH=/usr/lib/rabbitmq/bin:$PATH
export PATH
exec "$@"
