# mount-over.sh FOLDER TARGET COMMAND...: runs a program that sees the folder in the
# place of the target; nobody else does. Run by root.
# In a chroot unshare cannot change how mounts spread.
unshare -m true 2>/dev/null || spread='--propagation unchanged'
# shellcheck disable=SC2086 # two words or none
exec unshare -m ${spread-} sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh "$@"
