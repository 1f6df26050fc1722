/** What the nodes of the grammar are, for whoever gives them colours. */
import { styleTags, tags } from '@lezer/highlight';

export const highlighting = styleTags({
  'LineComment BlockComment': tags.comment,
  String: tags.string,
  'Number MarkNumber Range Process/Number': tags.number,
  Constant: tags.constant(tags.name),
  CallName: tags.function(tags.name),
  Variable: tags.definition(tags.variableName),
  Name: tags.variableName,
  'On Default In Same': tags.keyword,
  'Process/...': tags.labelName,
  'SettingName ExpectationMark GivenMark': tags.meta,
  'Expectation/... Given/...': tags.meta,
  'Key Field': tags.propertyName,
  MarkWord: tags.attributeValue,
  'Operator Relation Semicolon': tags.operator,
  'MapsNumber SmapsValue': tags.literal,
  MapsRange: tags.number,
  MapsPerms: tags.attributeValue,
  SmapsField: tags.propertyName,
  'Notice Moment Path Remark Unfinished Elided': tags.comment,
});
