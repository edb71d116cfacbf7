#!/bin/sh
# fuzz.sh SRCDIR TIME: builds the fuzz targets with clang, AddressSanitizer and
# UndefinedBehaviorSanitizer below fuzz/, runs each for TIME ("90s", "10m",
# "1h"), one on each processor, and writes a table to fuzz/result. Inputs that
# reach new code stay in fuzz/corpus/; those that crash a target go to
# fuzz/found/, and the exit status is 1.
set -u
srcdir=$1
case $2 in
*s) seconds=${2%s} ;;
*m) seconds=$((${2%m} * 60)) ;;
*h) seconds=$((${2%h} * 3600)) ;;
*) seconds=$2 ;;
esac
[ "$seconds" -gt 0 ] || { echo "usage: make fuzz FOR=10m"; exit 2; }
mkdir -p fuzz/build fuzz/found fuzz/log
cd fuzz || exit 2

targets=$(cd "$srcdir/tests/fuzz/corpus" && ls)
programs=
for target in $targets; do
	programs="$programs tests/fuzz/fuzz-$target"
done
# shellcheck disable=SC2086 # a list of programs
(cd build && { [ -f Makefile ] || "$srcdir/configure" -q CC=clang \
    CFLAGS='-O1 -g' --enable-fuzz --enable-sanitizers=address,undefined \
    >/dev/null; } && make -s -j"$(nproc)" $programs) || exit 2

run() { # TARGET
	mkdir -p "corpus/$1"
	dict=$srcdir/tests/fuzz/kms.dict
	[ "$1" = request ] && dict=$srcdir/tests/fuzz/request.dict
	UBSAN_OPTIONS=print_stacktrace=1 \
	    "build/tests/fuzz/fuzz-$1" -max_total_time="$seconds" -timeout=60 \
	    -rss_limit_mb=4096 -max_len=16384 -dict="$dict" \
	    -artifact_prefix="found/$1-" -print_final_stats=1 \
	    "corpus/$1" "$srcdir/tests/fuzz/corpus/$1" >"log/$1" 2>&1
	echo $? >"log/$1.status"
}
running=0
for target in $targets; do
	run "$target" &
	running=$((running + 1))
	[ "$running" -lt "$(nproc)" ] || { wait; running=0; }
done
wait

bad=0
{
	echo "| target | runs | edges | inputs | found |"
	echo "|---|---|---|---|---|"
	for target in $targets; do
		status=$(cat "log/$target.status")
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "log/$target")
		edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "log/$target" | tail -n 1)
		inputs=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' "log/$target" | tail -n 1)
		found=nothing
		[ "$status" = 0 ] || found="status $status, see fuzz/log/$target"
		echo "| $target | ${runs:-0} | ${edges:-0} | ${inputs:-0} | $found |"
	done
} >result
cat result
grep -q "status" result && bad=1
exit $bad
