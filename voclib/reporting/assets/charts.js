(function(){var d=document,root=d.documentElement;if(!window.vegaEmbed)return;
var phone=window.matchMedia('(max-width:47.99rem)'),refuse=function(){return Promise.reject(new Error('no network'))},loader={load:refuse,sanitize:refuse,http:refuse,file:refuse};
var figures=[].slice.call(d.querySelectorAll('figure.chart')).map(function(f){return{at:f,specs:JSON.parse(f.querySelector('script').textContent),done:{}}});
function lang(){return d.getElementById('lang-en').checked?'en':'zh'}
function draw(f){var l=lang(),plot=f.at.querySelector('.plot[lang='+l+']'),box=plot.querySelector('.vega'),sizes=f.specs[l],
size=phone.matches&&sizes.narrow?'narrow':'wide',width=Math.floor(f.at.clientWidth),key=size+width;
if(f.done[l]===key)return;f.done[l]=key;
var spec=JSON.parse(JSON.stringify(sizes[size]));if(spec.usermeta&&spec.usermeta.fit)spec.width=width;
var was=f.view&&f.view[l];f.view=f.view||{};
vegaEmbed(box,spec,{ast:true,actions:false,renderer:'svg',loader:loader}).then(function(r){if(was)was.finalize();f.view[l]=r;plot.classList.add('drawn')})}
function all(){figures.forEach(draw)}
all();var wait=0;window.addEventListener('resize',function(){clearTimeout(wait);wait=setTimeout(all,200)});
d.querySelectorAll('input[name=lang]').forEach(function(x){x.addEventListener('change',all)});
})();
