"""The style sheet of the report, for light and dark screens from 800 pixels up."""

__all__ = ["STYLE"]

# source: verdict colours from Okabe and Ito's palette; a sign and a word always say the same as the colour
STYLE = """
:root{--ink:#1d2430;--soft:#5a6472;--paper:#fff;--panel:#f5f7fa;--line:#d9dee5;--link:#0060a8;
--holds:#00684a;--holds-bg:#e3f4ee;--violated:#a93a00;--violated-bg:#fde9dd;--open:#7a5600;--open-bg:#fbf2d8;
--error:#8b2f6b;--error-bg:#f8e6f1}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#a4adba;--paper:#14181f;--panel:#1c222b;--line:#343c48;
--link:#7cc0f5;--holds:#63d6b0;--holds-bg:#12342b;--violated:#ff9a66;--violated-bg:#452010;--open:#f0cd6b;
--open-bg:#3a2f10;--error:#eb9fcf;--error-bg:#401a33}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.5rem 4rem}
h1{font-size:1.9rem;margin:0 0 .8rem}h2{font-size:1.35rem;margin:2.6rem 0 .8rem}
h3{font-size:1.05rem;margin:1.8rem 0 .3rem}
p{margin:.5rem 0}a{color:var(--link)}code,pre{font:13px/1.45 ui-monospace,Menlo,Consolas,monospace}
code{overflow-wrap:anywhere}pre{overflow:auto;max-height:22rem;background:var(--panel);padding:.8rem;border-radius:6px}
.note,.status,figcaption{color:var(--soft);font-size:.86rem}
.verdict{font-size:1.08rem;font-weight:600;padding:.9rem 1.1rem;border-left:5px solid;border-radius:4px}
.verdict.holds{background:var(--holds-bg);border-color:var(--holds)}
.verdict.violated,.card.violated{background:var(--violated-bg);border-color:var(--violated)}
.verdict.error,.card.error{background:var(--error-bg);border-color:var(--error)}
.card{border-left:5px solid;border-radius:4px;padding:.4rem 1.1rem 1rem;margin:1.4rem 0}.card h2{margin:.6rem 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;min-width:24rem}
th,td{padding:.32rem .65rem;border-bottom:1px solid var(--line);text-align:center;vertical-align:top}
thead th{border-bottom:2px solid var(--soft);white-space:nowrap}
th.left,td.left,.title{text-align:left}tbody th{text-align:left;font-weight:600}.matrix tbody th{white-space:nowrap}
td.number{font-variant-numeric:tabular-nums}
.matrix td.holds{color:var(--holds);background:var(--holds-bg)}
.matrix td.violated{color:var(--violated);background:var(--violated-bg);font-weight:700}
.matrix td.inconclusive,.matrix td.not_applicable{color:var(--open);background:var(--open-bg)}
.matrix td.error{color:var(--error);background:var(--error-bg);font-weight:700}
.matrix td a{color:inherit;text-decoration:none}.matrix td a:hover{text-decoration:underline}
.matrix .leads{display:block;font-size:.7rem;line-height:1.25;font-weight:400}
.matrix .leads a{text-decoration:underline}
.matrix td:last-child{white-space:nowrap}.title .status{margin-left:0}
.matrix td.few{color:var(--open);background:var(--open-bg)}.matrix th,.matrix td{padding:.3rem .42rem}
.relation thead th,.relation tbody th{white-space:normal}.relation td.left{min-width:6rem}
.relation td.left:last-child{min-width:21rem}td pre{white-space:pre-wrap;overflow-wrap:anywhere;max-width:46rem}
ul.note{margin:.3rem 0 0;padding-left:1.2rem}
:target{outline:2px solid var(--link);outline-offset:2px}.claim{font-variant-numeric:tabular-nums}
.unchecked{color:var(--soft);font-style:italic}
.title .status{display:inline-block;padding:0 .5rem;border:1px solid var(--line);border-radius:9px;
font-size:.74rem}
.badge{display:inline-block;padding:0 .5rem;border-radius:9px;white-space:nowrap}
.badge.holds{color:var(--holds);background:var(--holds-bg)}.badge.violated{color:var(--violated);background:var(--violated-bg)}
.badge.inconclusive,.badge.not_applicable{color:var(--open);background:var(--open-bg)}
.badge.error{color:var(--error);background:var(--error-bg)}
figure{margin:1.2rem 0}figure img{display:block;max-width:100%;height:auto;background:#fff;border:1px solid var(--line);
border-radius:6px}figcaption{margin-top:.4rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(30rem,1fr));gap:1rem 1.6rem;align-items:start;
margin:1.2rem 0}
.figures figure{margin:0;max-width:46rem}.figures .broad{grid-column:1/-1;max-width:none}
.figures .broad img{max-width:min(100%,66rem)}.figures figure:only-child:not(.broad){max-width:40rem}
caption{caption-side:top;text-align:left;font-weight:600;padding:.9rem 0 .3rem}
.runs td.holds{color:inherit}.runs td.violated{background:var(--violated-bg)}.runs td.error{background:var(--error-bg)}
table.targets th,table.targets td{min-width:8rem;max-width:17rem;text-align:left}
table.facts td{overflow-wrap:anywhere}table.checks td:first-child{min-width:11rem}
@media (max-width:900px){.matrix th,.matrix td{padding:.25rem .18rem}.matrix{font-size:.8rem}
.matrix thead th:not(.left){writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;vertical-align:bottom}
.matrix .leads{font-size:.58rem}table.targets th,table.targets td{min-width:6rem;padding:.25rem .3rem}
table.targets thead th{white-space:normal;overflow-wrap:anywhere}th,td{padding:.3rem .45rem}}
@page{size:A4;margin:16mm 14mm}
@media print{
:root{--ink:#000;--soft:#444;--paper:#fff;--panel:#f5f7fa;--line:#bbb;--link:#000;--holds:#00543c;--holds-bg:#e3f4ee;
--violated:#8f3000;--violated-bg:#fde9dd;--open:#5f4300;--open-bg:#fbf2d8;--error:#742556;--error-bg:#f8e6f1}
body{font-size:9.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:none;padding:0}main>section:not(.card){break-before:page}header+section,header+.card{break-before:auto}
h2,h3{break-after:avoid}h2{margin-top:0}tr,figure,.card,.verdict{break-inside:avoid}thead{display:table-header-group}
.wide{overflow:visible}table{font-size:7.5pt;min-width:0;max-width:100%}
th,td{padding:.15rem .3rem;white-space:normal!important}
.matrix th,.matrix td{padding:.12rem .2rem;font-size:6.8pt}.matrix .leads,details,.title .status{display:none}
.relation td.left,.relation td.left:last-child,.checks td,table.targets td{min-width:0!important}
tbody th{min-width:26mm}.matrix tbody th,.targets tbody th,.runs tbody th{min-width:0}
td,th{overflow-wrap:break-word}pre{max-height:none;white-space:pre-wrap}a{text-decoration:none}
.figures{display:block}.figures figure{margin:0 0 5mm}.figures img{max-height:95mm;max-width:100%;width:auto}}
"""
