"""What every route needs: keys, parameters, bodies, errors."""
