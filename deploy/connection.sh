# shellcheck shell=bash
# Read by backup.sh and restore.sh.

# Sets `connection` to the URL as PostgreSQL's programs read it, without its password: that goes into the
# environment, which no list of processes shows.
connect() {
    local rest=${1#*://}
    local who=${rest%%@*}
    connection="postgresql://$rest"
    if [ "$who" != "$rest" ] && [ "${who#*:}" != "$who" ]; then
        local password=${who#*:}
        PGPASSWORD=$(printf '%b' "${password//%/\\x}")
        export PGPASSWORD
        # shellcheck disable=SC2034 # read by who sources this
        connection="postgresql://${who%%:*}@${rest#*@}"
    fi
}
