(function(){var d=document,r=d.documentElement,z=d.getElementById('lang-zh'),e=d.getElementById('lang-en');r.classList.add('js');
function set(l,keep){e.checked=l==='en';z.checked=!e.checked;r.lang=l==='en'?'en':'zh-Hans';d.title=r.getAttribute('data-'+l);if(keep){try{localStorage.setItem('voc-lang',l)}catch(x){}}}
var s=null;try{s=localStorage.getItem('voc-lang')}catch(x){}if(/[?&]lang=en\b/.test(location.search))s='en';set(s==='en'?'en':'zh');
z.addEventListener('change',function(){set('zh',1)});e.addEventListener('change',function(){set('en',1)});
var h=d.getElementById(location.hash.slice(1));if(h&&h.name==='edition')h.checked=true;
var b=d.getElementById('all-code');if(b)b.addEventListener('click',function(){var o=b.getAttribute('aria-pressed')!=='true';b.setAttribute('aria-pressed',o);d.querySelectorAll('details.code').forEach(function(x){x.open=o})});
var a=[].slice.call(d.querySelectorAll('.toc a'));if(a.length&&'IntersectionObserver' in window){var io=new IntersectionObserver(function(n){n.forEach(function(x){if(x.isIntersecting)a.forEach(function(k){if(k.hash==='#'+x.target.id)k.setAttribute('aria-current','true');else k.removeAttribute('aria-current')})})},{rootMargin:'-15% 0px -75% 0px'});d.querySelectorAll('main section[id]').forEach(function(x){io.observe(x)})}
})();