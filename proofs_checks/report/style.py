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
th.left,td.left,.title{text-align:left}tbody th{text-align:left;white-space:nowrap}
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
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(30rem,1fr));gap:1rem 1.6rem;align-items:start}
.figures figure{margin:0}.figures .broad{grid-column:1/-1}section>figure{max-width:52rem}
@media (max-width:900px){.matrix th,.matrix td{padding:.3rem .35rem}
.matrix{font-size:.82rem}.title .status{margin-left:0}}
@media print{:root{--paper:#fff;--ink:#000}details{display:block}}
"""
