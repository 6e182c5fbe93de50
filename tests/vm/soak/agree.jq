# SPDX-License-Identifier: GPL-2.0-only
#
# The same seed made the same load: each backend must have told the same sums of it. Input: truth.jq's lines of
# sums, one of a backend.
def differ($part; $what): .[0].backend as $first
	| ([.[][$part] | keys[]] | unique)[] as $k | map(.[$part][$k] // 0) as $n
	| select($n | unique | length > 1)
	| "FAIL agree: \($what) \($k): \([range(length) as $i | "\(.[$i].backend) \($n[$i])"] | join(", "))";
[differ("truth"; "really"), differ("told"; "told of"), differ("deaths"; "told of")] as $mistakes
| $mistakes[],
  if $mistakes == [] and ([.[0].told[]] | add // 0) > 0
  then "ok agree: \(map(.backend) | join(", ")) told the same \([.[0].told[]] | add) refusals of \(.[0].told | length) resources and \([.[0].deaths[]] | add) deaths"
  else "    not all backends told the same" end
