// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.js - put into a copy of a page: says what is wider than its place, cut, on top of
 * something else, or too faint. The answer goes into the page around it, in the element that has
 * the name of the frame.
 */
addEventListener('load', () => {
	const bad = new Set(), width = document.documentElement.clientWidth;
	const name = (e) => {
		const of = e.className && (e.className.baseVal ?? e.className);
		return e.localName + (of ? '.' + of : '') + ' "' + e.textContent.trim().slice(0, 40) + '"';
	};
	const rgb = (s) => (s.match(/[\d.]+/g) || []).map(Number);
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => {
			v /= 255;
			return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	// WCAG 2: (lighter + 0.05) / (darker + 0.05)
	const contrast = (a, b) => {
		const x = light(a), y = light(b);
		return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
	};
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length && (c.length < 4 || c[3] > 0))
				return c;
		}
		return [255, 255, 255];
	};
	const ink = (e) => {
		const style = getComputedStyle(e);
		if (!e.ownerSVGElement)
			return rgb(style.color);
		return rgb(style.fill === 'none' ? style.stroke : style.fill);
	};
	const faint = (e, least) => {
		const c = contrast(ink(e), behind(e));
		if (!(c >= least))
			bad.add(`contrast ${c.toFixed(2)}: ${name(e)}`);
	};
	const outermost = (e) => {
		while (e.ownerSVGElement)
			e = e.ownerSVGElement;
		return e;
	};

	if (getComputedStyle(document.querySelector('.brand')).marginTop !== '0px')
		bad.add('the style does not apply');
	if (document.documentElement.scrollWidth > width)
		bad.add(`the page is ${document.documentElement.scrollWidth} wide, the screen ${width}`);
	for (const e of document.body.querySelectorAll('*'))
		if (!e.ownerSVGElement && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
			bad.add(`${e.scrollWidth} in ${e.clientWidth}: ${name(e)}`);

	const boxes = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walk.nextNode(); node; node = walk.nextNode()) {
		const e = node.parentElement;
		if (!node.data.trim() || e.closest('title, script, style'))
			continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		for (const b of range.getClientRects()) {
			if (b.width < 1 || b.height < 1)
				continue;
			if (b.left < -1 || b.right > width + 1)
				bad.add(`cut by the screen: ${name(e)}`);
			if (e.ownerSVGElement) {
				const s = outermost(e).getBoundingClientRect();
				if (b.left < s.left - 1 || b.right > s.right + 1 || b.top < s.top - 2 || b.bottom > s.bottom + 2)
					bad.add(`outside of its drawing: ${name(e)}`);
			}
			boxes.push({ e, left: b.left, right: b.right, top: b.top + b.height * 0.15, bottom: b.bottom - b.height * 0.15 });
		}
		faint(e, 4.5);
	}
	boxes.sort((a, b) => a.top - b.top);
	for (let i = 0; i < boxes.length; i++)
		for (let j = i + 1; j < boxes.length && boxes[j].top < boxes[i].bottom; j++)
			if (boxes[i].left < boxes[j].right - 1 && boxes[j].left < boxes[i].right - 1 &&
			    Math.min(boxes[i].bottom, boxes[j].bottom) - boxes[j].top > 1)
				bad.add(`one on the other: ${name(boxes[i].e)} and ${name(boxes[j].e)}`);

	for (const e of document.querySelectorAll('.ref, .kill, .use, .cnt, .hatch, .held, .limit')) {
		const b = e.getBoundingClientRect();
		faint(e, 3);
		if (b.width > 0 && !e.closest('.defs') && (b.left < -1 || b.right > width + 1))
			bad.add(`cut by the screen: ${name(e)}`);
	}
	// What nobody can see need not be measured: but something must have been.
	if (boxes.length < 10)
		bad.add(`only ${boxes.length} texts`);
	const told = parent.document.getElementById(window.name);
	told.textContent = [...bad].slice(0, 12).join('\n') || `ok ${boxes.length} texts`;
});
