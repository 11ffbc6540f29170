// The page's look: readable in light, dark and print; charts take their colours from here, and on a phone are scrolled
// rather than shrunk until nobody can read them.

enum StyleSheet {
  static let text: StaticString = """
    :root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;\
    --here:#0b62d6;--api:#b4530a;--third:#1a7f37;--fourth:#8250df}
    @media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;\
    --card:#161b22;--here:#6cb0ff;--api:#f0a15e;--third:#5fd07a;--fourth:#c49bff}}
    *{box-sizing:border-box}
    body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:60rem;background:var(--bg);color:var(--fg);\
    font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    h1,h2,p,li,caption,figcaption{overflow-wrap:anywhere}
    h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem}
    section+header{margin-top:3.5rem}
    h2{font-size:1.2rem;margin:2.5rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
    .sub,figcaption,caption{color:var(--soft)}
    .sub{margin:0}
    .card{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--here);\
    border-radius:8px;padding:1rem 1.25rem;margin:1.5rem 0}
    .card h2{border:0;margin:0 0 .25rem;padding:0;font-size:1.35rem}
    .card p{margin:.35rem 0}
    .card h3{font-size:1rem;margin:.9rem 0 .2rem}
    .card ul{margin:0;padding-left:1.2rem;color:var(--soft);font-size:.94rem}
    .warn{border-left-color:var(--api)}
    figure{margin:1rem 0}
    svg{display:block;width:100%;height:auto;max-width:56rem}
    svg text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--fg)}
    svg .soft{fill:var(--soft)}
    svg .grid{stroke:var(--line);stroke-width:1}
    svg .s0{stroke:var(--here);fill:var(--here)}
    svg .s1{stroke:var(--api);fill:var(--api)}
    svg .s2{stroke:var(--third);fill:var(--third)}
    svg .s3{stroke:var(--fourth);fill:var(--fourth)}
    svg .line{fill:none;stroke-width:2.5}
    svg .dash{stroke-dasharray:7 5}
    svg .bar{stroke-width:3;stroke-linecap:round}
    svg .faint{opacity:.35}
    svg .band{opacity:.16;stroke:none}
    @media screen and (max-width:45rem){figure{overflow-x:auto}figure svg{min-width:42rem}}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.75rem 0}
    caption{text-align:left;padding:.25rem 0}
    th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;\
    font-weight:400;overflow-wrap:break-word}
    thead th{font-weight:600}
    .n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    a{color:var(--here)}
    footer{margin-top:3rem;color:var(--soft);font-size:.9rem}
    @media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff;--here:#0b62d6;\
    --api:#b4530a;--third:#1a7f37;--fourth:#8250df}\
    html{font-size:11.5px}body{max-width:none;padding:0}svg{max-width:42rem}.scroll{overflow:visible}\
    figure,.card,tr{break-inside:avoid}h2,caption{break-after:avoid}thead{display:table-header-group}\
    *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
    """
}
