const { neighbor } = require('./neighbor.js');
let evaluated = 0;
evaluated++;
exports.twice = (n) => n * 2;
exports.count = () => evaluated;
exports.neighbor = () => neighbor;
