module.exports = { neighbor: 'neighbor' };
