#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of a report in a real Chromium: on a telephone, a laptop and paper, light and dark, a
# bad day, a quiet one and as much as there can be, with names that were made to hurt:
#   run.sh BUILD_DIR
# Nothing may overlap, overflow, be cut or be too faint (measure.js). Screenshots to look at are
# left below BUILD_DIR/report.
set -u
build=$(realpath "${1:?usage: run.sh BUILD_DIR}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
out=$build/report
passed=0 failed=0

result() {
	if [ -z "$2" ]; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "FAIL $1"
		head -12 <<<"$2"
		failed=$((failed + 1))
	fi
}

browser=
for name in chromium-headless-shell chromium chromium-browser; do
	browser=$(command -v "$name") && break
done
if [ -z "$browser" ] || ! timeout 60 "$browser" --headless --no-sandbox --version >/dev/null 2>&1; then
	echo "report: 0 passed, 0 failed, 1 skipped (no Chromium: apt-get install chromium-headless-shell)"
	exit 0
fi

rm -rf "$out"
mkdir -p "$out/profile"
browse() {
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
		--disable-background-networking --user-data-dir="$out/profile" "$@" 2>"$out/chromium.log"
}

# A copy to measure: all of it open, the script let in. Where the style is changed (to show what
# only another reader would see), the policy that knows its hash must go.
copy() {
	local scene=$1 view=$2 edit
	case $view in
	*-light) edit="s/style-src/script-src 'unsafe-inline'; style-src/" ;;
	*-dark) edit='s/(prefers-color-scheme:dark)/all/; /Content-Security-Policy/d' ;;
	print) edit='s/@media print/@media all/; /Content-Security-Policy/d' ;;
	esac
	sed -e "$edit" -e 's/<details>/<details open>/' "$out/$scene.html" >"$out/$scene-$view.html"
	{
		echo '<script>'
		cat "$here/measure.js"
		echo '</script>'
	} >>"$out/$scene-$view.html"
}

# A4 without its margins is 182 mm: 688 pixels.
width() {
	case $1 in phone*) echo 360 ;; laptop*) echo 1280 ;; print) echo 688 ;; esac
}

scenes='rich empty full'
views='phone-light phone-dark laptop-light laptop-dark print'
for scene in $scenes; do
	"$build/report-page" "$scene" >"$out/$scene.html" || exit 1
	for view in $views; do
		copy "$scene" "$view"
		printf '<iframe name="%s-%s" src="%s-%s.html" width="%s" height="800"></iframe><pre id="%s-%s">it did not answer</pre>\n' \
			"$scene" "$view" "$scene" "$view" "$(width "$view")" "$scene" "$view"
	done
done >"$out/all.html"
browse --allow-file-access-from-files --window-size=1400,900 --dump-dom "$out/all.html" >"$out/measured.html"
for scene in $scenes; do
	for view in $views; do
		said=$(awk -v tag="<pre id=\"$scene-$view\">" 'index($0, tag) { on = 1 } on; on && /<\/pre>/ { exit }' "$out/measured.html" |
			sed 's/<[^>]*>//g; /^$/d')
		[[ -n $said ]] || said="it was not measured: $(tail -2 "$out/chromium.log")"
		[[ $said =~ ^ok\ [0-9]+\ texts$ ]] && said=
		result "$scene, $view" "$said"
	done
done

# Nothing is fetched, nothing runs: and it would not be allowed to.
page_rules() {
	grep -oE '<(script|link|iframe|object|embed|img|base|form)\b[^>]*' "$out"/{rich,empty,full}.html
	grep -oE ' (style|on[a-z]+|src|href)="[^"]*"' "$out"/{rich,empty,full}.html
	grep -LF "content=\"default-src 'none'; style-src 'sha256-" "$out"/{rich,empty,full}.html
	find "$out" -maxdepth 1 -name full.html -size +1024k -printf '%f has %s bytes\n'
}
result "the page loads and runs nothing, and is small" "$(page_rules)"

browse --window-size=1280,2600 --screenshot="$out/laptop-light.png" "$out/rich.html" &&
	browse --window-size=360,4600 --screenshot="$out/phone-light.png" "$out/rich.html" &&
	sed '/<script>/,$d' "$out/rich-laptop-dark.html" >"$out/dark.html" &&
	browse --window-size=1280,2600 --screenshot="$out/laptop-dark.png" "$out/dark.html" &&
	browse --window-size=360,4600 --screenshot="$out/phone-dark.png" "$out/dark.html" &&
	browse --no-pdf-header-footer --print-to-pdf="$out/print.pdf" "$out/rich.html"
drawn() {
	local f
	for f in {laptop,phone}-{light,dark}.png print.pdf; do
		[ "$(stat -c %s "$out/$f" 2>/dev/null || echo 0)" -gt 20000 ] || echo "$f was not made: $(tail -2 "$out/chromium.log")"
	done
}
result "screenshots and a print, in $out" "$(drawn)"
rm -rf "$out/profile"
echo "report: $passed passed, $failed failed"
[ "$failed" = 0 ]
