// Values of fields, and forms as they would be sent.

import { check } from 'k6';
import { parseHTML } from 'k6/html';

const doc = parseHTML(open('./page.html'));

// The value as JSON; an exception as its text.
function outcome(act) {
  try {
    return JSON.stringify(act());
  } catch (e) {
    return JSON.stringify(String(e));
  }
}

// [what is called, the call, what comes of it]
const cases = [
  ["doc.find('nope').val()", () => doc.find('nope').val(), undefined],
  ["doc.find('nope').serialize()", () => doc.find('nope').serialize(), ""],
  ["doc.find('input').val()", () => doc.find('input').val(), "v1"],
  ["doc.find('#sel').val()", () => doc.find('#sel').val(), "o2"],
  ["doc.find('#multi').val()", () => doc.find('#multi').val(), ["m1","M3"]],
  ["doc.find('#nosel').val()", () => doc.find('#nosel').val(), ""],
  ["doc.find('#emptysel').val()", () => doc.find('#emptysel').val(), ""],
  ["doc.find('#ta').val()", () => doc.find('#ta').val(), "text\narea"],
  ["doc.find('#btn').val()", () => doc.find('#btn').val(), "bv"],
  ["doc.find('#btn2').val()", () => doc.find('#btn2').val(), ""],
  ["doc.find('#out').val()", () => doc.find('#out').val(), undefined],
  ["doc.find('h1').val()", () => doc.find('h1').val(), undefined],
  ["doc.find('#sel option').val()", () => doc.find('#sel option').val(), "o1"],
  ["doc.find('#sel option').last().val()", () => doc.find('#sel option').last().val(), "O3"],
  ["doc.find('#li').val()", () => doc.find('#li').val(), undefined],
  ["doc.find('#pr').val()", () => doc.find('#pr').val(), undefined],
  ["doc.find('#f').serialize()", () => doc.find('#f').serialize(), "dis=x&es=&h=h+%26+%C3%A9%2B+&il=&m=m1&m=M3&ns=&s1=o2&t=v2&ta=text%0Aarea"],
  ["doc.find('#f').serializeArray()", () => doc.find('#f').serializeArray(), [{"name":"t","value":"v1"},{"name":"h","value":"h & é+ "},{"name":"dis","value":"x"},{"name":"t","value":"v2"},{"name":"s1","value":"o2"},{"name":"m","value":["m1","M3"]},{"name":"ns","value":""},{"name":"es","value":""},{"name":"ta","value":"text\narea"},{"name":"il","value":""}]],
  ["doc.find('#f input').serialize()", () => doc.find('#f input').serialize(), "dis=x&h=h+%26+%C3%A9%2B+&il=&t=v2"],
  ["doc.find('#f input').serializeArray()", () => doc.find('#f input').serializeArray(), [{"name":"t","value":"v1"},{"name":"h","value":"h & é+ "},{"name":"dis","value":"x"},{"name":"t","value":"v2"},{"name":"il","value":""}]],
  ["doc.find('h1').serialize()", () => doc.find('h1').serialize(), ""],
  ["doc.find('#fs').serialize()", () => doc.find('#fs').serialize(), ""],
  ["parseHTML('<form><input type=checkbox name=c value=c1 checked=\"checked\"><input type=checkbox name=d value=d1 checked=\"\"><input type=checkbox name=e checked=\"true\"><input type=radio", () => parseHTML('<form><input type=checkbox name=c value=c1 checked="checked"><input type=checkbox name=d value=d1 checked=""><input type=checkbox name=e checked="true"><input type=radio name=r value=r1 checked="checked"></form>').find('form').serialize(), "c=c1&r=r1"],
  ["parseHTML('<form><input type=checkbox name=c value=c1 checked=\"checked\"><input type=checkbox name=d value=d1></form>').find('form').serializeArray()", () => parseHTML('<form><input type=checkbox name=c value=c1 checked="checked"><input type=checkbox name=d value=d1></form>').find('form').serializeArray(), [{"name":"c","value":"c1"}]],
  ["parseHTML('<form><input type=checkbox name=c value=c1 checked=\"checked\"><input type=checkbox name=c value=c2 checked=checked></form>').find('input').serializeObject()", () => parseHTML('<form><input type=checkbox name=c value=c1 checked="checked"><input type=checkbox name=c value=c2 checked=checked></form>').find('input').serializeObject(), {"c":"c2"}],
  ["parseHTML('<input name=a value=\"1\"><input name=a value=\"2\"><select name=s><option selected>x<option value=y>z</select><select name=q multiple><option>a</select><select name=w disab", () => parseHTML('<input name=a value="1"><input name=a value="2"><select name=s><option selected>x<option value=y>z</select><select name=q multiple><option>a</select><select name=w disabled><option selected>a</select><textarea name=t>\nfoo\r\nbar</textarea><input name="b c" value="d&e=f~*-._"><button name=k value=v>x</button><input type=number name=n value=3><input type=TEXT name=u value=U><input type=submit name=sm value=sv><input type=image name=im value=iv><input type=password name=pw value=p>').find('input,select,textarea,button').serialize(), "a=2&b+c=d%26e%3Df~%2A-._&n=3&pw=p&s=x&t=foo%0Abar&u=U&w=a"],
  ["parseHTML('<textarea id=t>a &lt;b&gt; &amp; \"q\"</textarea>').find('#t').val()", () => parseHTML('<textarea id=t>a &lt;b&gt; &amp; "q"</textarea>').find('#t').val(), "a &lt;b&gt; &amp; &#34;q&#34;"],
  ["parseHTML('<select><option>a &lt;b</option><option value=\"\">z').find('option').map((i,s) => s.val())", () => parseHTML('<select><option>a &lt;b</option><option value="">z').find('option').map((i,s) => s.val()), ["a &lt;b",""]],
  ["parseHTML('<li value=3>x').find('li').val()", () => parseHTML('<li value=3>x').find('li').val(), undefined],
  ["parseHTML('<input>').find('input').val()", () => parseHTML('<input>').find('input').val(), ""],
  ["parseHTML('<input type=SUBMIT name=a value=1><input type=Checkbox name=b value=2>').find('input').serialize()", () => parseHTML('<input type=SUBMIT name=a value=1><input type=Checkbox name=b value=2>').find('input').serialize(), "a=1&b=2"],
  ["parseHTML('<form><input name=a value=1 disabled=disabled><input name=b value=2 disabled=true><select name=s disabled=disabled><option selected>1</select></form>').find('form').seri", () => parseHTML('<form><input name=a value=1 disabled=disabled><input name=b value=2 disabled=true><select name=s disabled=disabled><option selected>1</select></form>').find('form').serialize(), "b=2"],
  ["parseHTML('<form><input name=\"\" value=1><input type=\"\" name=b value=2><input type=zzz name=c value=3><input type=range name=r><input type=checkbox name=k checked=checked></form>').", () => parseHTML('<form><input name="" value=1><input type="" name=b value=2><input type=zzz name=c value=3><input type=range name=r><input type=checkbox name=k checked=checked></form>').find('form').serialize(), "b=2&c=3&k=on&r="],
  ["parseHTML('<form><input name=\"x\" value=\"1\" checked=\"checked\" type=\"checkbox\"></form>').find('form').find('input').serialize()", () => parseHTML('<form><input name="x" value="1" checked="checked" type="checkbox"></form>').find('form').find('input').serialize(), "x=1"],
  ["parseHTML('<div><form><input name=a value=1></form></div>').find('div').serialize()", () => parseHTML('<div><form><input name=a value=1></form></div>').find('div').serialize(), ""],
  ["parseHTML('<form><input name=a value=1></form><input name=z value=2>').find('form,input').serializeArray()", () => parseHTML('<form><input name=a value=1></form><input name=z value=2>').find('form,input').serializeArray(), [{"name":"a","value":"1"}]],
  ["parseHTML('<select name=s><optgroup><option value=1 selected>x</option></optgroup></select>').find('select').val()", () => parseHTML('<select name=s><optgroup><option value=1 selected>x</option></optgroup></select>').find('select').val(), "1"],
  ["parseHTML('<select name=s multiple></select>').find('select').val()", () => parseHTML('<select name=s multiple></select>').find('select').val(), []],
  ["parseHTML('<select name=s multiple><option>a</select>').find('select').serializeArray()", () => parseHTML('<select name=s multiple><option>a</select>').find('select').serializeArray(), [{"name":"s","value":[]}]],
  ["parseHTML('<select name=s multiple><option>a</select>').find('select').serialize()", () => parseHTML('<select name=s multiple><option>a</select>').find('select').serialize(), ""],
  ["doc.find('h1').contents().eq(0).val()", () => doc.find('h1').contents().eq(0).val(), undefined],
  ["doc.find('#multi').add('#sel').val()", () => doc.find('#multi').add('#sel').val(), ["m1","M3"]],
  ["parseHTML('<select><option>a<option>b').find('select').val()", () => parseHTML('<select><option>a<option>b').find('select').val(), ""],
];

export default function () {
  for (const [name, act, expected] of cases) {
    check(null, { [name]: () => outcome(act) === JSON.stringify(expected) });
  }
}
