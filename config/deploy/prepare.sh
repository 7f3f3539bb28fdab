#!/bin/sh
# Makes what docker-compose.yml needs before its first start, in the folder that it is called from (the checkout):
#
#   sh config/deploy/prepare.sh [minimal|full] [https://wire.example.com]
#
# secrets/ with a file for each secret, secrets/tls/ with a certificate for trying, and .env. Never changes what is there,
# so it may be called again after an update. DATABASE_URL and SMTP_URL in the environment replace the ones of the
# containers. Needs openssl.
set -eu

profile=${1:-full}
case $profile in
  minimal) base=${2:-http://127.0.0.1:8080} ;;
  full) base=${2:-https://localhost} ;;
  *) echo "prepare.sh: there is no profile '$profile': it is minimal or full." >&2; exit 2 ;;
esac
command -v openssl >/dev/null || { echo "prepare.sh: openssl is needed (Debian: openssl)." >&2; exit 1; }

# Files that anybody may read, in a folder that only you may enter: a container's user, who is not root, is given each
# file by itself, and has to be able to read it.
mkdir -p secrets
chmod 700 secrets
umask 022
mkdir -p secrets/tls secrets/acme

keep() { # NAME VALUE
  if [ ! -s "secrets/$1" ]; then printf '%s' "$2" > "secrets/$1"; fi
}
for name in secret_key event_token admin_token metrics_token postgres_password grafana_password; do
  keep "$name" "$(openssl rand -hex 32)"
done
keep event_secret "whsec_$(openssl rand -base64 32)"
keep flower_login "operator:$(openssl rand -hex 16)"
keep database_url "${DATABASE_URL:-postgresql://zonewire:$(cat secrets/postgres_password)@postgres/zonewire}"
keep smtp_url "${SMTP_URL:-smtp://mail:1025}"

host=${base#*://}
host=${host%%[:/]*}
if [ ! -s secrets/tls/fullchain.pem ]; then
  case $host in *[!0-9.]*) names=DNS:$host ;; *) names=IP:$host ;; esac
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=$host" \
    -addext "subjectAltName=$names" -keyout secrets/tls/privkey.pem -out secrets/tls/fullchain.pem 2>/dev/null
fi
chmod 644 secrets/tls/*.pem

if [ ! -e .env ]; then
  {
    echo "# Made by config/deploy/prepare.sh; docker compose reads it."
    echo "COMPOSE_PROFILES=$profile"
    echo "ZONEWIRE_BASE_URL=$base"
    echo "ZONEWIRE_MAIL_FROM=Zonewire <digest@$host>"
  } > .env
else
  echo ".env stays as it is, with $(grep '^COMPOSE_PROFILES=' .env || echo 'no COMPOSE_PROFILES')."
fi
echo "secrets/ and .env are there. Start it: docker compose up --build --detach"
