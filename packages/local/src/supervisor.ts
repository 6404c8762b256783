/**
 * The detached supervisor of one attempt: POSIX sh, its own session, alive as long as the program is.
 *
 * File descriptor 3 holds its settings, 4 the program's environment and words, 7 variables that sh cannot hold: files
 * in memory that have no name, so that no secret value is ever on disk, in an argument or in its own environment. Where
 * there is no memory file system 3 is a pipe with both; if its sender died half-way the text lacks its last line, and
 * nothing happens. Creating `started` exclusively is the lock: whoever fails to create it starts nothing.
 *
 * The text defines `dir` (the attempt's folder), `event` (the file to touch), `tree` (not empty: the program is below
 * a first process of its own PID namespace), `cgroups` (folders to empty, one a line), with a pipe `inner` (the text of
 * {@link initScript} or {@link plainScript}), and the functions `launch` (becomes the isolated program), `counters`
 * (prints `oom N` and `peak N`) and `finish` (releases what lives outside the attempt's folder).
 *
 * The program writes into a pipe, as in a container: a script that says `echo x >/dev/stderr` opens its output anew,
 * and would empty a log that was a file. When the disk is full the reader goes on without keeping anything. What has
 * left its group, where nothing else holds processes together, is waited for only shortly. A file system without pipes
 * gets the file.
 */
export const supervisorScript = `
inner=
if [ -f /proc/self/fd/3 ]; then
  . /proc/self/fd/3
else
  text=$(cat <&3)
  case $text in *'#complete') ;; *) exit 0 ;; esac
  eval "$text"
  unset text
fi
exec 3<&-
cd /
# A core dump would hold the secret values of the environment.
ulimit -c 0
count=0 timer= stopped= killed= program= children=
newline='
'
begun() { [ -s "$dir/status" ]; }
first_child() {
  child=
  IFS=' ' read -r child rest </proc/$program/task/$program/children
  [ -n "$child" ]
}
sweep() {
  IFS=$newline
  for folder in $cgroups; do
    [ -e "$folder/cgroup.kill" ] && echo 1 >"$folder/cgroup.kill"
    while read -r member <"$folder/cgroup.procs" && [ -n "$member" ]; do
      while read -r member; do kill -KILL "$member"; done <"$folder/cgroup.procs"
      sleep 0.01
    done
  done
  unset IFS
}
destroy() {
  [ -n "$program" ] || { killed=1; return; }
  if [ -z "$tree" ]; then kill -KILL "-$program" "$program"
  elif begun && first_child; then kill -KILL "$child"
  else
    unset IFS
    kill -STOP "$program"
    read -r children </proc/$program/task/$program/children
    kill -KILL "$program" $children
  fi
  sweep
} 2>/dev/null
terminate() {
  grace=30
  read -r grace <"$dir/stop"
  [ -n "$timer" ] && kill "$timer"
  stopped=1
  if [ -z "$program" ] || ! begun; then destroy; return; fi
  if [ -z "$tree" ]; then kill -TERM "$program"
  elif first_child; then kill -TERM "$child"
  fi
  (
    trap 'kill "$nap"; exit' TERM
    sleep "$grace" & nap=$!
    wait "$nap" && kill -USR1 $$
  ) 6>&- &
  timer=$!
} 2>/dev/null
drain() {
  [ -n "$reader" ] || return
  exec 6>&-
  tries=0
  while [ -z "$tree$cgroups" ] && [ "$tries" -lt 100 ] && kill -0 "$reader"; do sleep 0.01; tries=$((tries + 1)); done
  [ -n "$tree$cgroups" ] || kill "$reader"
  wait "$reader"
}
trap 'count=$((count + 1)); terminate' TERM
trap 'count=$((count + 1)); destroy' USR1

read -r boot </proc/sys/kernel/random/boot_id
read -r stat </proc/$$/stat
set -- \${stat##*) }
set -C
{ echo "$$ \${20} $boot" >"$dir/started"; } 2>/dev/null || exit 0
set +C
# Whoever asked for a stop before our number was there could not signal us.
[ -e "$dir/stop" ] && stopped=1 killed=1
true >"$event"

output=$dir/log reader=
if mkfifo -m 600 "$dir/output"; then
  output=$dir/output
  exec 6<>"$output"
  { cat >>"$dir/log" || cat >/dev/null; } <"$output" 4<&- 6>&- 7<&- &
  reader=$!
fi 2>/dev/null
code=143
if [ -z "$killed" ]; then
  if [ -n "$inner" ]; then printf '%s\\n' "$inner" | launch & else launch & fi
  program=$!
  unset inner
  exec 4<&- 7<&-
  [ -n "$killed" ] && destroy
  while before=$count; wait "$program"; code=$?; [ "$before" != "$count" ]; do :; done
fi
trap '' TERM USR1
{
  [ -n "$timer" ] && kill "$timer"
  [ -z "$tree" ] && kill -KILL "-$program"
  sweep
  drain
  [ -e "$dir/status" ] && while read -r line; do echo "$line"; done <"$dir/status"
  echo "code $code"
  [ -n "$tree" ] && echo "tree 1"
  [ -n "$stopped" ] && echo "stopped 1"
  counters
  echo end
} >"$dir/exit" 2>/dev/null
true >"$event"
finish
`

/** Takes on the environment, finds the program on the user's PATH and becomes it. */
const becomeProgram = `
  . /proc/self/fd/4
  exec 4<&-
  _berth_found=
  case $1 in
  */*) _berth_found=$1 ;;
  *)
    set -f
    IFS=:
    for _berth_folder in $PATH; do
      if [ -f "\${_berth_folder:-.}/$1" ] && [ -x "\${_berth_folder:-.}/$1" ]; then _berth_found=$1; break; fi
    done
    unset IFS ;;
  esac
  case $_berth_found in */*) [ -f "$1" ] && [ -x "$1" ] || _berth_found= ;; esac
  [ -n "$_berth_found" ] || { echo missing 1 >&5; exit 127; }
  execute "$@"
`

/**
 * The first process of a PID namespace: starts the program, forwards SIGTERM to it and to nothing else, reaps what is
 * orphaned. Its text comes on file descriptor 4, what happened goes to 5, the program's output to 6; 7 holds
 * variables that sh cannot. The text sets the working directory, the environment and the arguments, and defines
 * `execute`, which becomes its arguments.
 */
export const initScript = `
count=0 program=
trap 'count=$((count + 1)); [ -n "$program" ] && kill -TERM "$program"' TERM
echo begin >&5
(${becomeProgram}) &
program=$!
exec 4<&- 6>&- 7<&-
[ "$count" != 0 ] && kill -TERM "$program"
while before=$count; wait "$program"; code=$?; [ "$before" != "$count" ]; do :; done
echo "exit $code" >&5
exit "$code"
`

/** Without a PID namespace: becomes the program, whose status the supervisor reads itself. */
export const plainScript = `
echo begin >&5
${becomeProgram}`
